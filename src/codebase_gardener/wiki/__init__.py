"""The wiki of a project: built, searched, shown, corrected, verified, as a site and as tools."""
