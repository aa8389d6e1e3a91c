/** The statements that give a service its role: by this program where it may, else by an administrator, who is shown them. */
import { escapeIdentifier, escapeLiteral } from "@roost/database";
import type { ServiceNames } from "./service-names.ts";

/** Of one statement, of waiting for a lock, and of a transaction in which nothing happens. */
export const limitMs = 5_000;

/** The functions of this room that a service may call; nothing else of the database is granted. */
export const grantedFunctions = [
  "announce_1",
  "begin_answer_1",
  "declare_consumer_1",
  "emit_1",
  "end_letter_1",
  "ends_1",
  "fail_cursor_1",
  "find_signer_1",
  "forget_answer_1",
  "keep_answer_1",
  "keep_result_1",
  "lock_cursor_1",
  "move_cursor_1",
  "next_letter_1",
  "park_1",
  "partitions_1",
  "read_answer_1",
  "read_events_1",
  "release_lease_1",
  "remember_1",
  "restart_consumer_1",
  "take_lease_1",
  "withdraw_1",
] as const;

/** Makes the role; needs CREATEROLE. The password is left out where a person is to see the statement. */
export function roleStatements({ roleName }: ServiceNames, password: string | undefined): string[] {
  const role = escapeIdentifier(roleName);
  const secret = password === undefined ? "'…'" : escapeLiteral(password);
  return [
    `create role ${role} login nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls connection limit 20 password ${secret}`,
    `grant ${role} to current_user`,
    ...["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"].map(
      (name) => `alter role ${role} set ${name} = ${limitMs}`,
    ),
  ];
}

/** What the role is given in this database, by its owner: a schema of its own, and functions. */
export function grantStatements({ roleName, schemaName }: ServiceNames): string[] {
  const role = escapeIdentifier(roleName);
  const names = grantedFunctions.map((name) => `'${name}'`).join(", ");
  return [
    `create schema if not exists ${escapeIdentifier(schemaName)} authorization ${role}`,
    `grant usage on schema service to ${role}`,
    // Everybody may make temporary tables unless told otherwise.
    "do $grant$ begin execute format('revoke temporary on database %I from public', current_database()); end $grant$",
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
