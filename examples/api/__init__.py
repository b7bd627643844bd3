"""A web service over the library's warehouse: reads for everybody with a key, scenarios as background jobs.

    python -m examples.api.publish               # once per release, as the owner of the database
    uvicorn --factory examples.api.app:create_app  # the service, as a user who may only read

``app`` puts it together, ``routes`` are one line each, ``service`` answers with the objects of ``models``; ``jobs``
runs scenarios, ``access`` knows keys and rates, ``errors`` says what went wrong, ``telemetry`` counts and logs.
"""
