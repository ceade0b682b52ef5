using System.Buffers;
using System.Text;
using System.Text.Json;
using Pillion.Admin;
using Pillion.Core.Configuration.Documents;
using Xunit;

namespace Pillion.Tests.Program;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("db: { Password: hunter2 }")]
    [InlineData("db: { api-key: hunter2 }")]
    [InlineData("tls: { private_key: { inline_string: hunter2 } }")]
    [InlineData("clientSecret: [hunter2, hunter2]")]
    [InlineData("headers: [ { header: { key: Authorization, value: Bearer hunter2 } } ]")]
    [InlineData("headers: [ { name: cookie, string_match: { exact: hunter2 } } ]")]
    [InlineData("url: https://me:hunter2@host/path")]
    [InlineData("api_keys: { credentials: [ { key: hunter2, client: a } ] }")]
    [InlineData("authorization: Bearer hunter2")]
    [InlineData("credential: hunter2")]
    [InlineData("anything: ${DB}")]
    [InlineData("anything: prefix-${DB}-suffix")]
    public void A_secret_is_not_shown(string yaml) => Assert.DoesNotContain("hunter2", Show(yaml));

    [Theory]
    [InlineData("timeout: 3s", "3s")]
    [InlineData("url: https://host/a@b", "https://host/a@b")]
    [InlineData("url: https://me@host/", "https://me@host/")]
    [InlineData("at: dns://payments.internal:8080", "dns://payments.internal:8080")]
    [InlineData("headers: [ { name: x-tenant, value: blue } ]", "blue")]
    [InlineData("anything: ${DB}", "${DB}")]
    [InlineData("authorization: { deny: [ { paths: /admin } ] }", "/admin")]
    [InlineData("credential: { file: secrets/pay }", "secrets/pay")]
    [InlineData("cors: { credentials: true }", "true")]
    public void What_is_no_secret_is_shown(string yaml, string shown) => Assert.Contains(shown, Show(yaml));

    private static string Show(string yaml)
    {
        var root = ConfigDocument.Parse(yaml, "a.yaml", name => name == "DB" ? "hunter2" : null, [])!;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            Redaction.Write(json, root);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
