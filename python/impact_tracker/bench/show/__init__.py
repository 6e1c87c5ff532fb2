"""What people and programs get: pages, tables, figures, files."""
