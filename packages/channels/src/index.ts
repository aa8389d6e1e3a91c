export { SendFailed, type Channel, type Update } from "./channel.ts";
export { deliverToOwner } from "./deliver-to-owner.ts";
export { changeStanding, findOwner, listPeers, type KnownPeer } from "./peers/peers.ts";
export { channelsSchema, prepareChannels, readChannelRow, type Room } from "./room.ts";
export { runChannel } from "./run-channel.ts";
export { createTelegram, telegramUrl, type BotOptions } from "./telegram/create-telegram.ts";
