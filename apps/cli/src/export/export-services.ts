/**
 * What domain services hold: all their rows, of those that say how they are moved (`exportRows`); of others every list that their documents tell of,
 * which is not taken back. Cards of people as vCard 4.
 */
import { RoostError } from "@roost/base";
import { exportRows, importRows, rowLimits } from "@roost/contract";
import { createServiceClient } from "../services/create-service-client.ts";
import type { Connection } from "../connect.ts";
import { eachRow } from "../read-pages.ts";
import type { ExportedHome, ExportFile, ExportFolder } from "./open-export-folder.ts";

interface Document {
  paths?: Record<string, { get?: Operation; post?: Operation }>;
}
interface Operation {
  operationId?: string;
  parameters?: { name?: string; required?: boolean; schema?: { maximum?: number } }[];
  responses?: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}
interface Schema {
  $ref?: string;
  properties?: Record<string, unknown>;
}

const pagesMax = 100_000;

export async function exportServices(connection: Connection, folder: ExportFolder, done: ExportedHome): Promise<void> {
  for await (const { name } of eachRow((page) => connection.client.listServices(page))) {
    const document = await ask(connection, `/services/${name}/openapi.json`)
      .then((answer) => answer.json() as Promise<Document & { components?: { schemas?: Record<string, Schema> } }>)
      .catch((error: Error) => error);
    if (document instanceof Error) {
      done.leftOut.push({ name: `service ${name}`, reason: document.message });
      continue;
    }
    const operations = Object.values(document.paths ?? {}).flatMap(({ get, post }) => [
      get?.operationId,
      post?.operationId,
    ]);
    const isMoved = operations.includes(exportRows.id) && operations.includes(importRows.id);
    if (isMoved) await exportAllRows(connection, folder, { name, done });
    for (const [path, { get }] of Object.entries(document.paths ?? {})) {
      if (get?.operationId === undefined || get.parameters?.some(({ required }) => required === true) === true)
        continue;
      const content = get.responses?.["200"]?.content ?? {};
      const given = { connection, folder, done, name, path: `/services/${name}${path}`, operation: get };
      if ("text/vcard" in content) await exportCards(given);
      if (isMoved) continue;
      const schema = content["application/json"]?.schema;
      const whole =
        schema?.$ref === undefined ? schema : document.components?.schemas?.[schema.$ref.split("/").at(-1)!];
      const isList = whole?.properties?.["items"] !== undefined && whole.properties["next"] !== undefined;
      if (isList) await exportList(given);
    }
  }
}

/** Where the rows of a service stand in an export. */
export const rowsFile = "rows.jsonl";

async function exportAllRows(
  connection: Connection,
  folder: ExportFolder,
  { name, done }: { name: string; done: ExportedHome },
): Promise<void> {
  const client = createServiceClient(connection, name);
  const file = await folder.file(`services/${name}/${rowsFile}`);
  await writePages({ name, what: "rows", file, done }, (after) =>
    client.exportRows({ limit: rowLimits.rowsMax, after }),
  );
  await file.end();
}

interface Pages {
  name: string;
  what: string;
  file: ExportFile;
  done: ExportedHome;
}

interface PageOfItems {
  items: unknown[];
  next: string | null;
}

/** What cannot be read of a service is named; all else is exported. */
async function writePages(
  { name, what, file, done }: Pages,
  read: (after: string | undefined) => Promise<PageOfItems>,
): Promise<void> {
  let after: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = await read(after).catch((error: Error) => error);
    if (answer instanceof Error) return void done.leftOut.push({ name: `${name} ${what}`, reason: answer.message });
    for (const item of answer.items) await file.line(item);
    done.counts[name] = (done.counts[name] ?? 0) + answer.items.length;
    if (answer.next === null) return;
    after = answer.next;
  }
}

interface Given {
  connection: Connection;
  folder: ExportFolder;
  done: ExportedHome;
  name: string;
  path: string;
  operation: Operation;
}

async function exportList({ connection, folder, done, name, path, operation }: Given): Promise<void> {
  const what = operation.operationId ?? path;
  const file = await folder.file(`services/${name}/${what}.jsonl`);
  await writePages(
    { name, what, file, done },
    async (after) => (await (await ask(connection, path, after)).json()) as PageOfItems,
  );
  await file.end();
}

/** In parts: each begins behind the last card of the one before. */
async function exportCards({ connection, folder, done, name, path }: Given): Promise<void> {
  const file = await folder.file(`services/${name}/contacts.vcf`);
  let after: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = await ask(connection, path, after).catch((error: Error) => error);
    if (answer instanceof Error) {
      done.leftOut.push({ name: `${name} contacts`, reason: answer.message });
      break;
    }
    const text = await answer.text();
    const uids = [...text.matchAll(/^UID[^:\n]*:(?:urn:uuid:)?(.+?)\r?$/gm)].map(([, uid]) => uid!);
    if (uids.length === 0 || uids.at(-1) === after) break;
    await file.write(text);
    after = uids.at(-1);
  }
  await file.end();
}

async function ask({ url, token }: Connection, path: string, after?: string): Promise<Response> {
  const query = after === undefined ? "" : `?${new URLSearchParams({ after }).toString()}`;
  const answer = await fetch(`${url}${path}${query}`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new RoostError("unavailable", `it answered ${answer.status}: is the service running?`);
  return answer;
}
