"""Workers: the only place where torch and the database meet."""
