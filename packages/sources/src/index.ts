export type { LookedPlace } from "./mail/look-at-mail.ts";
export { readMailServer } from "./mail/read-mail-server.ts";
export type { LeftOutItem, SourceItem } from "./source-item.ts";
