"""The API's answers, described for OpenAPI. The items themselves are made in ``application/``.

A unit test holds the two together: every item fits its schema, and every key of the schema is in the item.
"""
