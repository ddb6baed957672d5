"""What one client may take of an HTTP server of ours. Gateway and chat import it; it imports none of ours."""
