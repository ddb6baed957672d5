"""One file for each form in which a set is published: from records to rows, with a chat and a key for the scorer."""
