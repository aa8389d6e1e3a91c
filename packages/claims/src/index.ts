export {
  claimTopic,
  listClaims,
  releaseClaim,
  type ClaimAnswer,
  type ClaimRequest,
  type SimilarClaim,
  type TopicClaim,
} from "./claim-topic.ts";
