"""The database: projects, adapters, versions, jobs, receipts, verdicts. All SQL lives here."""
