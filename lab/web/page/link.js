// A test and what it is asked, as the fragment of an address: nothing is kept anywhere else.
"use strict";

const Link = (() => {
  const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  return {
    async write(held) {
      const packed = await through(new TextEncoder().encode(JSON.stringify(held)), new CompressionStream("deflate-raw"));
      return "#t=" + btoa(String.fromCharCode(...packed)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    },
    // What the fragment holds; null: nothing, or nothing that can be read.
    async read(fragment) {
      if (!fragment.startsWith("#t=")) return null;
      try {
        const bytes = Uint8Array.from(atob(fragment.slice(3).replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
        return JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"))));
      } catch {
        return null;
      }
    },
  };
})();
