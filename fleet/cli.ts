import { useCompileCache } from "../lib/compile-cache.ts";

// Before anything large is loaded, which a plain import would be.
useCompileCache();
await import("./command.ts");
