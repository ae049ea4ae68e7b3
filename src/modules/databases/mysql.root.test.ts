import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { moduleTable } from "../lib/table-for-tests.ts";
import { runModule } from "../testing.ts";
import * as mysqlDb from "./mysql_db.ts";
import * as mysqlUser from "./mysql_user.ts";
import * as mysqlVariables from "./mysql_variables.ts";

const login = { login_unix_socket: "/run/mysqld/mysqld.sock" };

describe("MariaDB in a Debian without Python", () => {
  let place: TestPlace;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(
      "apt-get update >&2; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mariadb-server bzip2 >&2; service mariadb start >&2",
    );
  });
  afterAll(() => place.stop());
  const grants = "mysql -Ne \"show grants for 'joe'@'localhost'\" | sed 's/ IDENTIFIED.*//' | sort";

  moduleTable(
    () => place.connection,
    [
      {
        module: mysqlDb,
        args: {
          name: ["app", "my `odd`"],
          encoding: "utf8mb4",
          collation: "utf8mb4_general_ci",
          ...login,
        },
        result: { changed: true, db: "app my `odd`", db_list: ["app", "my `odd`"] },
        show: "mysql -Ne 'show databases' | grep -c -e '^app$' -e odd",
        shown: "2",
      },
      {
        module: mysqlDb,
        args: { name: "my `odd`", state: "absent", ...login },
        result: { changed: true },
      },
      {
        module: mysqlUser,
        args: {
          name: "joe",
          password: 'it\'s "secret"',
          priv: "app.*:ALL/mysql.user:SELECT",
          ...login,
        },
        result: { changed: true, msg: "User added", user: "joe", password_changed: true },
        show: grants,
        shown:
          "GRANT ALL PRIVILEGES ON `app`.* TO `joe`@`localhost`\nGRANT SELECT ON `mysql`.`user` TO `joe`@`localhost`\nGRANT USAGE ON *.* TO `joe`@`localhost`",
      },
      {
        module: mysqlUser,
        args: { name: "joe", password: "other", ...login },
        result: { changed: true, msg: "Password updated (new style)", password_changed: true },
        show: "mysql -ujoe -pother -Ne 'select 1' app",
        shown: "1",
      },
      {
        module: mysqlUser,
        args: { name: "joe", password: "third", update_password: "on_create", ...login },
        result: { changed: false, msg: "User unchanged" },
      },
      {
        module: mysqlUser,
        args: { name: "joe", priv: "app.*:SELECT,INSERT,GRANT", ...login },
        result: { changed: true, msg: "Privileges updated" },
        show: grants,
        shown:
          "GRANT SELECT, INSERT ON `app`.* TO `joe`@`localhost` WITH GRANT OPTION\nGRANT USAGE ON *.* TO `joe`@`localhost`",
      },
      {
        module: mysqlUser,
        args: { name: "joe", priv: { "app.*": "UPDATE" }, append_privs: true, ...login },
        result: { changed: true },
      },
      {
        module: mysqlUser,
        args: { name: "joe", tls_requires: { SSL: null }, ...login },
        result: { changed: true },
      },
      {
        module: mysqlUser,
        args: {
          name: "root",
          login_user: "root",
          login_password: "wrong",
          login_host: "127.0.0.1",
          password: "x",
        },
        result: {
          failed: true,
          msg: expect.stringMatching(
            /^unable to connect to database, check login_user and login_password are correct or ~\/\.my\.cnf has/,
          ),
        },
        once: true,
      },
      {
        module: mysqlVariables,
        args: { variable: "max_connections", value: "77", ...login },
        result: { changed: true, msg: "Variable change succeeded prev_value=151" },
      },
      {
        module: mysqlVariables,
        args: { variable: "nosuch", ...login },
        result: { failed: true },
        once: true,
      },
      {
        module: mysqlUser,
        args: { name: "joe", state: "absent", ...login },
        result: { changed: true, msg: "User deleted" },
      },
      {
        module: mysqlUser,
        args: { name: "", host_all: true, state: "absent", ...login },
        result: { changed: false, msg: "User doesn't exist" },
      },
    ],
    "mysql -Ne 'select user, host, password from mysql.user; show databases'",
  );
  it("dumps and imports, packed too, and logs in by ~/.my.cnf", async () => {
    const sh = async (script: string) => `${(await place.connection.run(script)).stdout}`.trim();
    await sh(
      "mysql -e \"create table app.t (a int); insert into app.t values (42); create user adm@localhost identified by 'p#w'; grant all on *.* to adm@localhost\"; printf '[client]\\nuser=adm\\npassword=\"p#w\"\\n' >~/.my.cnf",
    );
    const dump = await runModule(
      mysqlDb,
      { name: "app", state: "dump", target: "/tmp/app.sql.bz2" },
      place.connection,
    );
    expect(dump).toMatchObject({ changed: true, db: "app" });
    await sh("mysql -e 'drop database app'");
    const back = await runModule(
      mysqlDb,
      { name: "app", state: "import", target: "/tmp/app.sql.bz2" },
      place.connection,
    );
    expect(back).toMatchObject({ changed: true });
    expect(await sh("mysql -Ne 'select a from app.t'; ls /tmp | grep -c tmp.")).toBe("42\n0");
    const missing = await runModule(
      mysqlDb,
      { name: "app", state: "import", target: "/nowhere" },
      place.connection,
    );
    expect(missing.failed).toBe(true);
  });
});
