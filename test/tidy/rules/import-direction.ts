/**
 * Floors: a room imports only from lower floors, type imports included. Where two rooms of one floor may meet, the
 * table says so. Whatever is imported from a room is one of the files its package.json exports.
 */
import { posix } from "node:path";
import { findRoom, roomOf, type Complaint, type Import, type Repository, type SourceFile } from "../repository.ts";

const floors: Readonly<Record<string, number>> = {
  base: 0,
  contract: 0,
  telemetry: 0,
  database: 1,
  objects: 1,
  openapi: 1,
  sandbox: 1,
  sources: 1,
  agent: 1,
  routing: 1,
  mcp: 1,
  kernel: 2,
  access: 3,
  approvals: 3,
  subjects: 3,
  jobs: 3,
  kafka: 3,
  graphql: 3,
  memory: 3,
  models: 3,
  service: 3,
  channels: 4,
  proxy: 4,
  worker: 4,
  rehearsal: 5,
  simulation: 5,
};
const serviceFloor = 5;
const appFloor = 6;
const benchFloor = 7;

/** room → rooms of its own floor that it may import. */
const sameFloor: Readonly<Record<string, readonly string[]>> = {
  contract: ["base"],
  telemetry: ["base"],
  memory: ["subjects"],
};

/** Undefined for a room that is missing in the table. */
export function floorOf(room: string): number | undefined {
  const [place, name = ""] = room.split("/");
  if (place === "bench") return benchFloor;
  if (place === "apps") return appFloor;
  if (place === "services") return serviceFloor;
  return floors[name];
}

export function checkImportDirection(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    const room = roomOf(file.path);
    if (room === undefined) return [];
    return file.imports.flatMap((one) => {
      const message = one.from.startsWith(".")
        ? judgeRelative(file, room, one)
        : judgeRoom(repository, { file, room }, one);
      return message === undefined ? [] : [{ path: file.path, line: one.line, message }];
    });
  });
}

function judgeRelative(file: SourceFile, room: string, { from }: Import): string | undefined {
  const target = posix.join(posix.dirname(file.path), from);
  if (roomOf(target) === room) return undefined;
  // A bin is a plain script that starts its app, as the scripts do.
  if (/\/bin\/[^/]+\.mjs$/.test(file.path) && target.startsWith("scripts/")) return undefined;
  // What is measured with real servers starts them as the tests do.
  if (room === "bench" && target.startsWith("test/infra/")) return undefined;
  return `reaches out of its room to ${target}: import what that package exports, by its name`;
}

function judgeRoom(
  repository: Repository,
  { file, room }: { file: SourceFile; room: string },
  { from }: Import,
): string | undefined {
  const found = /^@roost\/([^/]+)(?:\/(.+))?$/.exec(from);
  if (!found) return undefined;
  const [, name = "", subpath] = found;
  const own = room.slice(room.lastIndexOf("/") + 1);
  if (name === own)
    return `imports its own package: name the file instead, for example "./${subpath ?? "some-file"}.ts"`;
  const target = findRoom(repository, name);
  if (target === undefined)
    return `imports ${from}, which is no room of this house: add the package, or correct the name`;
  // A service's screens are bundled into the console, and are made of its parts.
  const isScreen = file.path.startsWith(`${room}/console/`) && room.startsWith("services/") && name === "console";
  const message = isScreen ? undefined : judgeFloors({ room, own }, { target, name, subpath });
  if (message !== undefined) return message;
  const manifest = JSON.parse(repository.find(`${target}/package.json`)?.text ?? "{}") as { exports?: object };
  const key = subpath === undefined ? "." : `./${subpath}`;
  if (!Object.hasOwn(manifest.exports ?? {}, key)) {
    return `imports ${from}, which ${target} does not export: use what its package.json lists, or list it there`;
  }
  return undefined;
}

function judgeFloors(
  { room, own }: { room: string; own: string },
  { target, name, subpath }: { target: string; name: string; subpath: string | undefined },
): string | undefined {
  const [here, there] = [floorOf(room), floorOf(target)];
  if (here === undefined || there === undefined) {
    return `${here === undefined ? room : target} has no floor: give it one in test/tidy/rules/import-direction.ts`;
  }
  if (there < here || sameFloor[own]?.includes(name)) return undefined;
  // Services meet by contracts and events.
  if (room.startsWith("services/") && target.startsWith("services/") && subpath === "contract") return undefined;
  if (target.startsWith("apps/"))
    return `imports the app ${name}: apps are started by path, what two rooms need goes to a lower floor`;
  return `floor ${here} imports @roost/${name} on floor ${there}: take what you need as an argument, or move it below floor ${here}`;
}
