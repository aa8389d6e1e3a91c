export { buildRequest, fileIdsOf, type BuiltRequest, type SentFile } from "./calls/build-request.ts";
export { placedSecretsOf, placeSecret, type PlacedSecret } from "./calls/place-secrets.ts";
export { describeOperations, type ThirdPartyOperation } from "./describe-operations.ts";
