"""A module of functions, of which small repositories are made."""

FUNCTIONS = '''"""Shapes of a small geometry package."""


def {name}_area(width, height):
    """The area of a {name}."""
    if width < 0 or height < 0:
        raise ValueError("{name}: sizes must not be negative")
    return width * height


def {name}_perimeter(width, height):
    """The perimeter of a {name}."""
    total = width + height
    return 2 * total
'''
