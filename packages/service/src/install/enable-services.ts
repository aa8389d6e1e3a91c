/** What the home's settings say of services, and what keeps one from running, as others see it. */
import type { Sql } from "@roost/database";
import { namesOf } from "./service-names.ts";

/** Wakes the process that hosts services: which are to run, or what one of them is, has changed. */
export const servicesChannel = "services";

export interface HomeServices {
  homeId: string;
  names: readonly string[];
}

/** Notes which services the settings name: those that were never installed too, so that they are seen to be missing. */
export async function enableServices(sql: Sql, { names, homeId }: HomeServices): Promise<void> {
  const all = names.map((name) => namesOf(name, homeId));
  await sql.query(
    `with enabled as (
       insert into service.service as s (name, title, role_name, schema_name)
       select * from unnest($1::text[], $1::text[], $2::text[], $3::text[])
       on conflict (name) do update set is_enabled = true, reason = null where not s.is_enabled)
     update service.service set is_enabled = false where is_enabled and name <> all ($1::text[])`,
    [names, all.map(({ roleName }) => roleName), all.map(({ schemaName }) => schemaName)],
  );
}

export interface EnabledService {
  name: string;
  /** How often its program was put in place. */
  loadCount: number;
}

/** Those that the settings in force name. */
export async function listEnabledServices(sql: Sql): Promise<EnabledService[]> {
  return await sql.query<EnabledService>(
    `select name, load_count as "loadCount" from service.service where is_enabled order by name`,
  );
}

/** The program in its folder is to be loaded anew: a process that has an earlier one is replaced. */
export async function markLoaded(sql: Sql, name: string): Promise<void> {
  await sql.query("update service.service set load_count = load_count + 1 where name = $1", [name]);
}

const reasonCharsMax = 2000;

/** Notes why a service cannot run; null: it can. */
export async function reportService(sql: Sql, name: string, reason: string | null): Promise<void> {
  await sql.query("update service.service set reason = $2 where name = $1", [name, reason?.slice(0, reasonCharsMax)]);
}

/** Whether an instance of it runs somewhere. */
export async function isServiceRunning(sql: Sql, name: string): Promise<boolean> {
  const rows = await sql.query(
    `select from service.instance i join service.process p on p.id = i.process where i.service = $1 and p.expires_at > roost.now() limit 1`,
    [name],
  );
  return rows.length > 0;
}
