using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>Against OpenSSL's own client, for what .NET's does not show.</summary>
public sealed class OpenSslToolTests
{
    [Fact]
    public async Task A_staple_is_sent_to_who_asks_for_it()
    {
        var leaf = TlsFixture.ServerLeaf;
        foreach (var version in new[] { "-tls1_2", "-tls1_3" })
        {
            var with = await SpeakAsync(new TlsServerSettings { Certificates = [leaf.ForTls(TlsCertificateTests.Staple())] }, "", version, "-status");
            Assert.Contains("OCSP response:", with, StringComparison.Ordinal);
            Assert.DoesNotContain("no response sent", with, StringComparison.Ordinal);
            Assert.Contains("no response sent", await SpeakAsync(new TlsServerSettings { Certificates = [leaf.ForTls()] }, "", version, "-status"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Renegotiation_is_refused()
    {
        var said = await SpeakAsync(TlsFixture.ServerSettings, "R\n", "-tls1_2");
        Assert.Contains("no renegotiation", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_keys_that_a_client_asks_for_are_taken()
    {
        var said = await SpeakAsync(TlsFixture.ServerSettings, "K\nafter\nk\nagain\n", "-tls1_3");
        Assert.Contains("KEYUPDATE", said, StringComparison.Ordinal);
        Assert.Contains("after\nagain\n", said.Replace("KEYUPDATE\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1")]
    [InlineData("-tls1_1")]
    public async Task Old_versions_are_not_spoken(string version) =>
        Assert.Contains("no peer certificate available", await SpeakAsync(TlsFixture.ServerSettings, "", version, "-cipher", "ALL:@SECLEVEL=0"), StringComparison.Ordinal);

    /// <summary>What the tool prints while it sends lines to a server that echoes them.</summary>
    private static async Task<string> SpeakAsync(TlsServerSettings settings, string lines, params string[] options)
    {
        var network = Network.ForThisSystem(portable: false);
        var loop = network.CreateLoop(0, TimeProvider.System);
        loop.Start();
        using var context = new TlsServerContext(settings);
        var listener = await loop.RunAsync(() => Task.FromResult(network.Listen(loop, new IPEndPoint(IPAddress.Loopback, 0), shared: false).Listener!));
        var serving = loop.RunAsync(() => EchoAsync(listener, context));
        try
        {
            using var tool = Start(((IPEndPoint)listener.LocalEndPoint).Port, options);
            var output = tool.StandardOutput.ReadToEndAsync();
            var errors = tool.StandardError.ReadToEndAsync();
            foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Append("Q"))
            {
                // The tool takes a command only when it is all that it reads at once.
                await loop.RunAsync(async () => await loop.DelayAsync(TimeSpan.FromMilliseconds(200)));
                if (!tool.HasExited)
                {
                    await tool.StandardInput.WriteAsync(line + "\n");
                    await tool.StandardInput.FlushAsync();
                }
            }

            await tool.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
            return await output + await errors;
        }
        finally
        {
            await serving;
            loop.StopAndDispose();
        }
    }

    private static Process Start(int port, string[] options)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("openssl", ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "server.test", .. options])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("there is no openssl command here");
            throw;
        }
    }

    private static async Task EchoAsync(Listener listener, TlsServerContext context)
    {
        var accepted = (await listener.AcceptAsync()).Connection!;
        listener.Close();
        var result = await TlsHandshake.AcceptAsync(accepted, context, Deadline.After(listener.Loop, TimeSpan.FromSeconds(20)));
        if (result.Connection is { } connection)
        {
            while (await TlsFixture.ReceiveAsync(connection) is { Result: { IsOk: true, Count: > 0 } } part)
            {
                await TlsFixture.SendAsync(connection, part.Bytes);
            }

            connection.Close();
        }
    }
}
