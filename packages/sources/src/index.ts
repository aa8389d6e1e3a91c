export { readMailServer } from "./mail/read-mail-server.ts";
export type { SourceItem } from "./source-item.ts";
