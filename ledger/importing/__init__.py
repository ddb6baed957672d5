"""Feedback from elsewhere: reading the files of this and of other programs, and storing what they say."""
