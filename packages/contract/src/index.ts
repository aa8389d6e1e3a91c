export { checkCompatibility, type CompatibilityResult } from "./check-compatibility.ts";
export type { CallOptions, Client, ClientOf } from "./client.ts";
export {
  answerBytesMax,
  addressOfCall,
  callOperation,
  createHttpClient,
  openStream,
  timeoutMsDefault,
  type CallableOperation,
  type HttpClientOptions,
} from "./create-http-client.ts";
export { createLocalClient, type LocalClientOptions } from "./create-local-client.ts";
export { createOpenApi, type OpenApiDocument, type OpenApiOptions } from "./create-open-api.ts";
export { bodyBytesMaxDefault, createProblemResponse, createRoutes, type RoutesOptions } from "./create-routes.ts";
export { createValidator } from "./create-validator.ts";
export { createEventStreamResponse } from "./event-stream-response.ts";
export {
  compatibilityModes,
  defineEvent,
  type CompatibilityMode,
  type EventDataOf,
  type EventDefinition,
  type EventOptions,
  type EventSample,
  type Upcaster,
  type Upcasters,
} from "./define-event.ts";
export { formatCursor, parseCursor } from "./cursor.ts";
export { numberPlace, pageByName, placeOf, readPage, textPlace, toPage, uuidPlace } from "./page.ts";
export { pageFields, pageOf } from "./records/fields.ts";
export {
  defineOperation,
  effects,
  type AnyOperation,
  type Effect,
  type Method,
  type Operation,
  type OperationOptions,
} from "./define-operation.ts";
export { content, contentBytesMaxDefault, type Content } from "./content.ts";
export { commandNames, reservedFor } from "./command-names.ts";
export {
  defineService,
  type Relation,
  type ServiceContract,
  type ServiceOptions,
  type ServiceScreen,
} from "./define-service.ts";
export {
  coversScope,
  decidingKinds,
  principalKinds,
  mayCall,
  requireAccess,
  requireScope,
  type Access,
  type CallingRun,
  type Principal,
  type PrincipalKind,
} from "./principal.ts";
export { ref } from "./records/fields.ts";
export { exportRows, importRows, MovedRow, rowLimits, rowOperations, type RowsImported } from "./row-operations.ts";
export type { KeepAnswer, KeyedCall } from "./run-operation.ts";
export {
  isPlace,
  type Call,
  type GivenOf,
  type Handler,
  type Handlers,
  type InputOf,
  type OutputOf,
  type ReturnedOf,
  type StreamItem,
  type StreamPlace,
} from "./handlers.ts";
export { reconnectDefaults, type ReconnectOptions } from "./http-stream.ts";
export { fromProblem } from "./from-problem.ts";
export { readBytes, readJsonBody, refuseAmbiguous } from "./read-json-body.ts";
export { endOfText } from "./scan-json.ts";
export { listContractBreaks, type ContractBreak } from "./list-contract-breaks.ts";
export { listComplaints } from "./list-issues.ts";
export { Problem, problemMediaType, toProblem, type ProblemOptions } from "./problem.ts";
export { listOperationTools, type OperationTool } from "./list-operation-tools.ts";
export {
  fileField,
  findReferred,
  readOpenApi,
  readParameters,
  resolveReference,
  withDefinitions,
  type DescribedOperation,
} from "./read-open-api.ts";
export { serve, serveAll, serveContract, type Served, type ServedContract } from "./serve.ts";
export { errorCodeOfStatus, exitCodeOf, httpStatusOf, leftToHomeStatus } from "./status-codes.ts";
export { toJsonSchema, type JsonSchema, type JsonSchemaOptions } from "./to-json-schema.ts";
