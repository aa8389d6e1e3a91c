import type { RoomSchema } from "@roost/kernel";

/** The tables of this room, in the kernel's schema. */
export const approvalsSchema: RoomSchema = { room: "approvals", directory: new URL("./migrations/", import.meta.url) };
