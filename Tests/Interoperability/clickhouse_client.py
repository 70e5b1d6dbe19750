"""Stands in for clickhouse-client: the same engine, in process (chdb), with its data in a folder.

    clickhouse_client.py FOLDER --query SQL      the rows that an INSERT takes are on stdin, as for the client
    clickhouse_client.py FOLDER --multiquery     statements on stdin
"""

import re
import sys
import tempfile

from chdb import session

folder, option, *words = sys.argv[1:]
engine = session.Session(folder)
if option == "--multiquery":
    for statement in sys.stdin.read().split(";\n"):
        if statement.strip():
            engine.query(statement)
else:
    query, = words
    with tempfile.NamedTemporaryFile(suffix=".csv") as rows:
        # In process there is no stdin to take rows from; the reader is the same.
        insert = re.fullmatch(
            r"(insert into .*) from input\((.*)\)(\s+settings .*)?\s+format (CSV|CSVWithNames)", query, re.DOTALL)
        if insert:
            rows.write(sys.stdin.buffer.read())
            rows.flush()
            query = f"{insert[1]} from file('{rows.name}', '{insert[4]}', {insert[2]}){insert[3] or ''}"
        sys.stdout.buffer.write(engine.query(query, "TabSeparated").bytes())
engine.close()
