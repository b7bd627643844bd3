"""The environment that Alembic runs.

Belongs here: handing Alembic's context over. Does not belong here: settings; they stand in `revisions`.
"""

from alembic import context
from carms_lib.warehouse import revisions

revisions.run(context)  # type: ignore[arg-type]  # the module stands for its current environment
