import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compressedFiles } from "./compressed-files.ts";

// `npm run ui -- --port 5173` serves the pages as they are being written; requests go to a Tradewind on its usual port.
const server = process.env["TRADEWIND_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), compressedFiles()],
  build: {
    target: "es2023",
    chunkSizeWarningLimit: 900,
    sourcemap: false,
    // What four pages or more share comes as one file: each file is a request, and a browser makes six at a time. It was a hundred for the page of a DAG.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 4 }] } } },
  },
  server: { proxy: { "/api": server, "/auth": server, "/ui": server, "/openapi.json": server, "/docs": server } },
});
