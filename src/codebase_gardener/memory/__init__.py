"""What a repository's own code says next: a memory of its tokens beside a model's weights."""
