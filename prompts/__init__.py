"""Prompts as data: one Markdown file each, with front matter."""
