using System.Text;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Resilience;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Credentials.Basic;

/// <summary>Lets pass whoever knows the password of a user, and takes it out of the request.</summary>
internal sealed class BasicAuthFilter : Filter
{
    private readonly BasicAuthConfig _config;
    private readonly Secret<UserTable>? _users;
    private readonly byte[] _header;
    private readonly byte[] _challenge;
    private readonly byte[]? _userHeader;

    public BasicAuthFilter(BasicAuthConfig config, FilterContext context)
        : base(config, context)
    {
        _config = config;
        _users = config.Users is null ? null : FilterSecret.Take(new UserFile(config.Users), config, context);
        _header = Encoding.ASCII.GetBytes(config.Header.ToLowerInvariant());
        _challenge = Encoding.UTF8.GetBytes($"Basic realm=\"{config.Realm.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\", charset=\"UTF-8\"");
        _userHeader = config.UserHeader is null ? null : Encoding.ASCII.GetBytes(config.UserHeader);
    }

    public override bool SeesAnswers => true;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var index = fields.IndexOf(_header);
        Span<byte> room = stackalloc byte[BasicCredential.Longest];
        var form = index < 0 ? BasicForm.Missing : fields.IndexOf(_header, index + 1) >= 0 ? BasicForm.Malformed : BasicForm.Right;
        Range name = default;
        Range password = default;
        form = form == BasicForm.Right ? BasicCredential.Read(fields.Value(index), room, out name, out password) : form;
        var user = form == BasicForm.Right ? _users?.Current.Verify(room[name], room[password]) : null;
        room.Clear();
        if (user is null)
        {
            return form switch
            {
                BasicForm.Missing => RefuseAsync(exchange, "missing", "it has no user and password", "no_credential_for_basic_auth"),
                BasicForm.OtherScheme => RefuseAsync(exchange, "other_scheme", "its credential is of another scheme than Basic", "invalid_scheme_for_basic_auth"),
                BasicForm.Malformed => RefuseAsync(exchange, "malformed", "its credential is not one user and password in base64", "invalid_format_for_basic_auth"),
                _ => RefuseAsync(exchange, "wrong", "user or password are wrong", "invalid_credential_for_basic_auth"),
            };
        }

        exchange.Caller.User = user;
        if (!_config.Keeps)
        {
            fields.RemoveAll(_header);
        }

        if (_userHeader is not null)
        {
            Span<byte> value = stackalloc byte[UserTable.LongestName * 3];
            fields.RemoveAll(_userHeader);
            fields.Add(_userHeader, value[..Encoding.UTF8.GetBytes(user, value)]);
        }

        Tell(exchange, "allowed");
        return new(true);
    }

    // RFC 9110 §11.6.1: a 401 says how to do better.
    public override void Answer(Exchange exchange)
    {
        var record = exchange.Record;
        if (record.Failure.Kind == FailureKind.Unauthenticated && record.Verdicts is [.., var last] && last.Policy == Name)
        {
            exchange.Response.Fields.Add("www-authenticate"u8, _challenge);
        }
    }

    private ValueTask<bool> RefuseAsync(Exchange exchange, string outcome, string cause, string details)
    {
        Tell(exchange, outcome);
        exchange.Record.Details = details;
        return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.Unauthenticated, Cause: cause));
    }
}
