"""The database: tables, migrations, and one file of named queries a noun."""
