import { createRestClient } from "@tradewind/client";

/** The browser's session is in its cookie. */
export const api = createRestClient({ baseUrl: "" });
