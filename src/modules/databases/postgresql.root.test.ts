import { afterAll, beforeAll, describe, expect } from "vitest";
import type { Connection, RunOptions } from "../../connection/connection.ts";
import { startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { moduleTable } from "../lib/table-for-tests.ts";
import * as database from "./postgresql_db.ts";
import * as privileges from "./postgresql_privs.ts";
import * as user from "./postgresql_user.ts";

const tcp = { login_host: "127.0.0.1", login_user: "adm", login_password: "p:w\\d" };

describe("PostgreSQL in a Debian without Python", () => {
  let place: TestPlace;
  let connection: Connection;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(
      'apt-get update >&2; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql >&2; service postgresql start >&2; sleep 2; su postgres -c "psql -c \\"create role adm superuser login password \'p:w\\\\d\'\\"" >&2',
    );
    // As a play with `become_user: postgres` would.
    connection = {
      ...place.connection,
      label: "postgres",
      run: (script: string, options?: RunOptions) =>
        place.connection.run(script, { ...options, become: { user: "postgres", method: "su" } }),
      leave: () => place.connection.leave(),
      close: () => place.connection.close(),
    };
  });
  afterAll(() => place.stop());
  const psql = (sql: string) => `psql -XAtc "${sql}" app`;

  moduleTable(
    () => connection,
    [
      {
        module: database,
        args: {
          name: "app",
          encoding: "UTF-8",
          lc_collate: "C",
          lc_ctype: "C",
          template: "template0",
        },
        result: { changed: true, db: "app" },
        show: "psql -XAtc \"select datcollate from pg_database where datname = 'app'\"",
        shown: "C",
      },
      {
        module: user,
        args: { name: "joe", password: "it's", role_attr_flags: "CREATEDB,NOSUPERUSER" },
        result: { changed: true, user: "joe" },
        show: "PGPASSWORD=\"it's\" psql -h 127.0.0.1 -U joe -XAtc 'select current_user' app",
        shown: "joe",
      },
      {
        module: user,
        args: { name: "joe", password: "other", expires: "2030-01-01" },
        result: { changed: true, queries: [expect.not.stringContaining("other")] },
      },
      {
        module: user,
        args: { name: "joe", role_attr_flags: "NOCREATEDB", conn_limit: 5 },
        result: { changed: true },
      },
      {
        module: user,
        args: { name: "joe", role_attr_flags: "FLYING" },
        result: { failed: true, msg: "Invalid role_attr_flags specified: FLYING" },
        once: true,
      },
      { module: database, args: { name: "app", owner: "joe", ...tcp }, result: { changed: true } },
      {
        module: privileges,
        before: psql("create table t (a int); create sequence s"),
        args: { database: "app", roles: "joe,PUBLIC", objs: "t", privs: "SELECT,INSERT" },
        result: { changed: true },
        show: psql("select has_table_privilege('joe', 't', 'INSERT')"),
        shown: "t",
      },
      {
        module: privileges,
        args: {
          database: "app",
          roles: "joe",
          objs: "ALL_IN_SCHEMA",
          privs: "ALL",
          type: "sequence",
        },
        result: { changed: true },
      },
      {
        module: privileges,
        args: {
          database: "app",
          roles: "joe",
          privs: "CONNECT",
          type: "database",
          state: "absent",
        },
        result: { changed: true },
      },
      {
        module: privileges,
        args: { database: "app", roles: "joe", objs: "pg_monitor", type: "group" },
        result: { changed: true },
      },
      {
        module: privileges,
        args: { database: "app", roles: "nobody2", objs: "t", privs: "SELECT" },
        result: { failed: true, msg: "Role 'nobody2' does not exist" },
        once: true,
      },
      {
        module: database,
        args: { name: "app", state: "dump", target: "/tmp/app.sql.gz" },
        result: { changed: true },
        once: true,
        show: "true",
      },
      { module: database, args: { name: "app", state: "absent" }, result: { changed: true } },
      { module: user, args: { name: "joe", state: "absent" }, result: { changed: true } },
      {
        module: database,
        args: { name: "x", login_host: "127.0.0.1", login_user: "adm", login_password: "wrong" },
        result: { failed: true, msg: expect.stringMatching(/^unable to connect to database: /) },
        once: true,
      },
    ],
    "psql -XAtc 'select rolname from pg_roles; select datname, datdba from pg_database'",
  );
});
