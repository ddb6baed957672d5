"""What the ledger keeps, for how long, and removing the rest in small steps."""
