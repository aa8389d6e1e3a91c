/** The statements that give a service its role: run by this program where allowed, else shown to an administrator. */
import { escapeIdentifier, escapeLiteral, loginStatements, noTemporaryTables } from "@roost/database";
import type { ServiceNames } from "./service-names.ts";

/** Time limit of a statement, of a lock wait, and of an idle transaction. */
export const limitMs = 5_000;
const connectionsMax = 20;

/** Functions of this room that a service may call; nothing else of the database is granted. */
export const grantedFunctions = [
  "accepted_contract_1",
  "add_signer_1",
  "announce_1",
  "beat_1",
  "begin_answer_1",
  "declare_consumer_1",
  "emit_1",
  "end_letter_1",
  "ends_1",
  "fail_cursor_1",
  "find_instances_1",
  "find_signer_1",
  "forget_answer_1",
  "keep_answer_1",
  "keep_result_1",
  "lock_cursor_1",
  "move_cursor_1",
  "next_letter_1",
  "now_1",
  "park_1",
  "partitions_1",
  "read_answer_1",
  "read_events_1",
  "release_lease_1",
  "remember_1",
  "report_1",
  "require_seen_1",
  "restart_consumer_1",
  "run_outcomes_1",
  "take_lease_1",
  "time_zone_1",
  "withdraw_1",
] as const;

/** Creates the role that owns what the service makes; needs CREATEROLE. */
export function roleStatements({ roleName }: Pick<ServiceNames, "roleName">): string[] {
  const role = escapeIdentifier(roleName);
  return [
    `create role ${role} nologin nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls`,
    `grant ${role} to current_user`,
  ];
}

export interface ServiceLogin {
  loginName: string;
  /** Of the service, which it becomes as soon as it has logged in; it may do nothing by itself. */
  roleName: string;
  /** Undefined: shown to a person. */
  password: string | undefined;
}

/** Creates a login for a service, of the home or of a host; needs CREATEROLE. */
export function serviceLoginStatements({ loginName, roleName, password }: ServiceLogin): string[] {
  const login = escapeIdentifier(loginName);
  return [
    ...loginStatements({ roleName: loginName, password, connectionsMax, isInheriting: false }),
    // How long what a service does may take.
    ...["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"].map(
      (name) => `alter role ${login} set ${name} = ${limitMs}`,
    ),
    `grant ${escapeIdentifier(roleName)} to ${login}`,
    `alter role ${login} set role = ${escapeLiteral(roleName)}`,
  ];
}

/** Grants of the database's owner to the role: its own schema, and functions. */
export function grantStatements({ roleName, schemaName }: ServiceNames): string[] {
  const role = escapeIdentifier(roleName);
  const names = grantedFunctions.map((name) => `'${name}'`).join(", ");
  return [
    `create schema if not exists ${escapeIdentifier(schemaName)} authorization ${role}`,
    `grant usage on schema service to ${role}`,
    noTemporaryTables,
    `do $grant$
     declare
       f record;
     begin
       for f in select p.oid::regprocedure as signature from pg_proc p where p.pronamespace = 'service'::regnamespace and p.proname in (${names}) loop
         execute format('grant execute on function %s to %I', f.signature, ${escapeLiteral(roleName)});
       end loop;
     end $grant$`,
  ];
}
