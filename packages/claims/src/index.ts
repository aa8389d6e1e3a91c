export { claimTopic, listClaims, releaseClaim } from "./claim-topic.ts";
