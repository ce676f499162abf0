"""Alembic's environment: `upgrading.py` runs it; there is no alembic.ini."""
