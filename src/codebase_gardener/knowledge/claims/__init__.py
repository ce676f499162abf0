"""Claims that other documents make about lines, judged."""
