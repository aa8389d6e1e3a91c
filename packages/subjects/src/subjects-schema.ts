import type { RoomSchema } from "@roost/kernel";

/** The tables of this room, in the kernel's schema. */
export const subjectsSchema: RoomSchema = { room: "subjects", directory: new URL("./migrations/", import.meta.url) };
