"""What alembic runs: the migrations, inside the transaction that the caller opened."""

from alembic import context

from portshift_bridge.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
