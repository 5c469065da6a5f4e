// A circuit with a memory of 1 MiB, whose state and output follow from all inputs so far.
module machine (
    input  wire        clock,
    input  wire        reset,
    input  wire [31:0] in,
    output reg  [31:0] out
);
  reg [31:0] memory[0:262143];
  reg [31:0] state;
  wire [17:0] at = state[25:8];

  always @(posedge clock) begin
    if (reset) begin
      state <= 32'd1;
      out   <= 32'd0;
    end else begin
      state      <= (state * 32'd1664525 + 32'd1013904223) ^ in;
      memory[at] <= memory[at] + state;
      out        <= out ^ memory[at];
    end
  end
endmodule
