//! A TLS client on Zig's standard library: connects to 127.0.0.1, checks the server's certificate for localhost against
//! the authority given, sends a pattern, and compares what comes back with it.
//!
//! Usage: client PORT CA-FILE BYTES
//! On success it prints the negotiated suite and the number of bytes that came back.

const std = @import("std");
const tls = std.crypto.tls;

/// What is sent before its echo is read: less than what the sockets' buffers hold, so that neither end waits for the
/// other.
const chunk_bytes = 40_000;

pub fn main(init: std.process.Init) !void {
    const io = init.io;
    const gpa = init.gpa;
    var args = std.process.Args.Iterator.init(init.minimal.args);
    _ = args.skip();
    const port = try std.fmt.parseInt(u16, args.next() orelse return error.Usage, 10);
    const ca_file = args.next() orelse return error.Usage;
    const total = try std.fmt.parseInt(usize, args.next() orelse return error.Usage, 10);

    const now = std.Io.Timestamp.now(io, .real);
    var bundle: std.crypto.Certificate.Bundle = .empty;
    defer bundle.deinit(gpa);
    try bundle.addCertsFromFilePathAbsolute(gpa, io, now, ca_file);
    var lock: std.Io.RwLock = .init;

    const address: std.Io.net.IpAddress = .{ .ip4 = .loopback(port) };
    const stream = try address.connect(io, .{ .mode = .stream });
    defer stream.close(io);
    const buffer_bytes = tls.Client.min_buffer_len;
    var socket_read: [buffer_bytes]u8 = undefined;
    var socket_write: [buffer_bytes]u8 = undefined;
    var plain_read: [buffer_bytes]u8 = undefined;
    var plain_write: [buffer_bytes]u8 = undefined;
    var reader = stream.reader(io, &socket_read);
    var writer = stream.writer(io, &socket_write);
    var entropy: [tls.Client.Options.entropy_len]u8 = undefined;
    io.random(&entropy);
    var alert: tls.Alert = undefined;
    var client = tls.Client.init(&reader.interface, &writer.interface, .{
        .host = .{ .explicit = "localhost" },
        .ca = .{ .bundle = .{ .gpa = gpa, .io = io, .lock = &lock, .bundle = &bundle } },
        .read_buffer = &plain_read,
        .write_buffer = &plain_write,
        .entropy = &entropy,
        .realtime_now = now,
        .alert = &alert,
    }) catch |failure| {
        if (failure == error.TlsAlert) std.debug.print("alert {}\n", .{alert.description});
        return failure;
    };
    std.debug.print("suite {s}\n", .{@tagName(client.application_cipher)});

    var done: usize = 0;
    var sent: [chunk_bytes]u8 = undefined;
    var echoed: [chunk_bytes]u8 = undefined;
    while (done < total) {
        const count = @min(chunk_bytes, total - done);
        for (sent[0..count], done..) |*byte, index| byte.* = @truncate(index *% 31 +% index / 251);
        try client.writer.writeAll(sent[0..count]);
        try client.writer.flush();
        try writer.interface.flush();
        try client.reader.readSliceAll(echoed[0..count]);
        if (!std.mem.eql(u8, sent[0..count], echoed[0..count])) return error.EchoDiffers;
        done += count;
    }
    try client.end();
    try writer.interface.flush();
    std.debug.print("echoed {d}\n", .{done});
}
