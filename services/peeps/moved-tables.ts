/** What an export of the home takes of peeps, and an import brings back: all its tables, those that others refer to first. */
import type { MovedTable } from "@roost/service";

export const movedTables: readonly MovedTable[] = [
  // Who was merged refers to who they are now.
  { table: "person", key: ["id"], where: "merged_into is null" },
  { table: "person", part: "merged_person", key: ["id"], where: "merged_into is not null" },
  { table: "picture", key: ["name"] },
  { table: "field", key: ["person_id", "name", "origin", "source"] },
  { table: "handle", key: ["id"] },
  { table: "source_key", key: ["source", "key"] },
  { table: "relation", key: ["id"] },
  { table: "note", key: ["id"] },
  { table: "important_date", key: ["id"] },
  { table: "address", key: ["source", "card", "number"] },
  { table: "link", key: ["person_id", "url"] },
  { table: "tag", key: ["person_id", "tag"] },
  { table: "cadence", key: ["tag"] },
  { table: "reminder", key: ["id"] },
  { table: "suggestion", key: ["id"] },
  { table: "conversation", key: ["id"] },
  { table: "participant", key: ["conversation_id", "handle_id"] },
  { table: "message", key: ["id"] },
  { table: "reaction", key: ["source", "external_id", "author", "reaction"] },
  { table: "received", key: ["source", "external_id"] },
  { table: "watch", key: ["source", "name"] },
  { table: "fact", key: ["id"] },
];
