"""What the service does, and what it costs: programs to run, none of them part of it."""
