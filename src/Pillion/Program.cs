Console.WriteLine("pillion");
return 0;
