"""The wire: adapters answer editors, chats and scripts."""
