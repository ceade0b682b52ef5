namespace Pillion.Core.Configuration.Reference;

/// <summary>
/// What readers say they read, gathered by running them without a document: the reference cannot differ from the code, because it is the code's own answer.
/// </summary>
internal sealed class OutlineSection
{
    private readonly List<OutlineSection> _all;
    private readonly List<OutlineRow> _rows = [];

    public OutlineSection()
    {
        Name = "";
        _all = [this];
    }

    private OutlineSection(string name, List<OutlineSection> all)
    {
        Name = name;
        _all = all;
    }

    /// <summary>The shape's name; empty for the file itself.</summary>
    public string Name { get; }

    public IReadOnlyList<OutlineRow> Rows => _rows;

    /// <summary>The file itself, then every shape in the order of its first use.</summary>
    public IReadOnlyList<OutlineSection> All => _all;

    public void Add(OutlineRow row)
    {
        // The root has no name, and a value that a reader looks at twice is one setting.
        if (row.Path.Length == 0)
        {
            return;
        }

        var index = _rows.FindIndex(known => known.Path == row.Path);
        if (index < 0)
        {
            _rows.Add(row);
        }
        else if (IsShape(row.Type) && IsShape(_rows[index].Type) && !_rows[index].Type.Contains(row.Type, StringComparison.Ordinal))
        {
            // A map that is one of several shapes.
            _rows[index] = _rows[index] with { Type = $"{_rows[index].Type}, {row.Type}" };
        }
    }

    /// <summary>The section of a shape. Reading a shape again repeats its rows, which are then dropped as known.</summary>
    public OutlineSection Shape(string name)
    {
        var section = _all.Find(known => known.Name == name);
        if (section is null)
        {
            section = new OutlineSection(name, _all);
            _all.Add(section);
        }

        return section;
    }

    private static bool IsShape(string type) => type.StartsWith('[');
}
