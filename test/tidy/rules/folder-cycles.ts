/**
 * Folders inside a package do not reach each other, tests aside. A file that lies directly in `src/` counts as a
 * folder of its own; a folder inside a folder too.
 */
import { posix } from "node:path";
import { isTest, roomOf, type Complaint, type Repository } from "../repository.ts";

interface Edge {
  to: string;
  path: string;
  line: number;
}

export function checkFolderCycles(repository: Repository): Complaint[] {
  const graphs = new Map<string, Map<string, Edge[]>>();
  for (const file of repository.files) {
    const room = roomOf(file.path);
    if (room === undefined || isTest(file.path) || !file.path.startsWith(insideOf(room))) continue;
    const graph = graphs.get(room) ?? new Map<string, Edge[]>();
    graphs.set(room, graph);
    const from = folderOf(file.path, room);
    for (const one of file.imports) {
      if (!one.from.startsWith(".")) continue;
      const target = posix.join(posix.dirname(file.path), one.from);
      const to = folderOf(target, room);
      if (to === from || isTest(target)) continue;
      graph.set(from, [...(graph.get(from) ?? []), { to, path: file.path, line: one.line }]);
    }
  }
  return [...graphs].flatMap(([room, graph]) => listCycles(room, graph));
}

/** A service has its files in its folder, as docs/services.md says; other rooms below src/. */
function insideOf(room: string): string {
  return room.startsWith("services/") ? `${room}/` : `${room}/src/`;
}

function folderOf(path: string, room: string): string {
  const inside = path.slice(insideOf(room).length);
  return inside.includes("/") ? posix.dirname(inside) : inside;
}

/** One complaint for each shortest way from a folder back to it, each cycle once. */
function listCycles(room: string, graph: ReadonlyMap<string, Edge[]>): Complaint[] {
  const told = new Set<string>();
  const complaints: Complaint[] = [];
  for (const start of [...graph.keys()].toSorted()) {
    const way = shortestWayBack(start, graph);
    if (way === undefined) continue;
    const members = way.map((edge) => edge.to).toSorted();
    // A cycle of files alone is the linter's to find.
    if (told.has(members.join()) || members.every((member) => member.endsWith(".ts"))) continue;
    told.add(members.join());
    const [first] = way as [Edge];
    complaints.push({
      path: first.path,
      line: first.line,
      message: `folders of ${room} reach each other: ${[start, ...way.map((edge) => edge.to)].join(" → ")} (${way
        .map((edge) => `${edge.path}:${edge.line}`)
        .join(", ")}): move what both need to a folder of its own, or hand it down as an argument`,
    });
  }
  return complaints;
}

function shortestWayBack(start: string, graph: ReadonlyMap<string, Edge[]>): Edge[] | undefined {
  const seen = new Set<string>();
  let ways: Edge[][] = (graph.get(start) ?? []).map((edge) => [edge]);
  while (ways.length > 0) {
    const next: Edge[][] = [];
    for (const way of ways) {
      const { to } = way.at(-1) as Edge;
      if (to === start) return way;
      if (seen.has(to)) continue;
      seen.add(to);
      for (const edge of graph.get(to) ?? []) next.push([...way, edge]);
    }
    ways = next;
  }
  return undefined;
}
