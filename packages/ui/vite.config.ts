import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run ui -- --port 5173` serves the pages as they are being written; requests go to a Tradewind on its usual port.
const server = process.env["TRADEWIND_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: { target: "es2023", chunkSizeWarningLimit: 900, sourcemap: false },
  server: { proxy: { "/api": server, "/auth": server, "/ui": server, "/openapi.json": server, "/docs": server } },
});
