"""Repositories, wikis, models and servers that several tests write down or start."""
