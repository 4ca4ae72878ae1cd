/* What the document says, read from the page itself. */
const DATA = JSON.parse(document.getElementById("data").textContent);
const BLOCKS = new Map(DATA.protocol.blocks.map((one) => [one.id, one]));
