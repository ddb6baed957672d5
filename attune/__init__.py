"""The front door: the command line and the supervisor of one machine's processes."""
